"""The participant's face: a link in, pages, a receipt out. Thin: a request in, a service call, a page out."""
