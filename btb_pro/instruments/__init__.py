"""The questionnaires as data: frozen types, their files, and what follows from a file alone.

Nothing here knows Flask, a database or the time: a statistician can use it in a notebook.
"""
