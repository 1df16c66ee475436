"""The engine room around DVC: cells of a stage, processes, code listings, studies, verification."""
