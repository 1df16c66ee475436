"""Fetches images and files from the web: politely, safely, and with a reason for each failure."""
