"""Images and files from where they are published: politely, safely, and with a reason for each that did not come."""
