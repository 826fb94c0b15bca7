from serflow_opt.kernels.nodes cimport Nodes


cdef class Parts(Nodes):
    cdef Py_ssize_t closed, spare
    cdef long long[:, ::1] kept_lows, kept_highs, kept_fulls
    cdef double[:, ::1] kept_leasts, kept_mosts, kept_weights
    cdef long long[::1] kept, kept_of
    cdef void _make_room(self, long long[::1] group)
    cdef bint _same(self, Py_ssize_t n, Py_ssize_t m) noexcept
    cdef void _begin_with_parts(self, Py_ssize_t group) noexcept
    cdef void _keep_parts(self, Py_ssize_t group) noexcept
    cdef void _copy_part(self, Py_ssize_t of, Py_ssize_t to) noexcept
