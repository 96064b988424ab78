"""The Socket.IO process of Frappe's two Python generations: real python-socketio, under gevent or under uvicorn.

What both do alike is written once, as coroutines over `Realtime`. Under gevent nothing in them ever waits for an event
loop: a blocking call suspends the greenlet, and the coroutine runs to its end in one step.
"""
