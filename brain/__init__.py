"""The brain: Rasa as a pure function, served over a Unix socket.

A turn goes in as the conversation's events so far and one message; the new events, the messages to send and the
directives come out. Nothing is kept between calls.
"""
