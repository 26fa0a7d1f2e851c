"""For a WSGI server: ``gunicorn wsgi:app``. Settings come from BTB_INSTANCE and the environment."""

from btb_pro import create_app

app = create_app()
