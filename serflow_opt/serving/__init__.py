"""The controller as a service: measurements in, orders out, over HTTP and gRPC.

Everything that speaks HTTP or gRPC needs `pip install 'serflow-opt[serve]'`; the loop and its store do not.
"""
