"""Sockets: who may open one, how many, how far ahead a server may be, and the WebSocket API itself."""
