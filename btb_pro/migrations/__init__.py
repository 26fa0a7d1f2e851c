"""The schema's history. `btb_pro.migrate` runs it; a new step is a file in `versions/` made from
`script.py.mako`, numbered one on (``0002_what_changes.py``), that runs both up and down.
"""
