"""The command line. Thin: words in, a service call, words out."""
