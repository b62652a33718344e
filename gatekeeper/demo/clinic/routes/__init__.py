"""The routes: each file a router, words in, call, words out."""
