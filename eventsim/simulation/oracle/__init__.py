"""The SimPy engine: slow and plain, what the fast engines are compared with."""
