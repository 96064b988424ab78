"""A bench stand-in that can be seen working.

Not Frappe and not Raven: a small web application, a Socket.IO process on Node's real ``socket.io`` and a ``bench``
command that behave on the realtime path as Frappe's do, so that this path can be run and proved without a bench.
"""
