"""What each proxy does with a request, told from its configuration: one folder a proxy, one interface.

A reader makes a `Proxy` of the owner's files; `Proxy.handle` takes the request of a browser, or of the proxy in front,
and tells what becomes of it. No proxy knows what stands behind it: nothing here is about any one application.
"""
