from serflow_opt.kernels.mixes cimport Mixes


cdef class Nodes(Mixes):
    cdef Py_ssize_t top
    cdef long long nodes
    cdef bint quick
    cdef double dropped
    cdef long long[:, ::1] lows, highs, fulls
    cdef double[:, ::1] leasts, mosts, weights, reach
    cdef double[::1] bounds
    cdef double[:, :, ::1] behind, before
    cdef void _close(self, double bound) noexcept
    cdef void _take_node(self) noexcept
    cdef void _cross(self) noexcept
    cdef void _split_up(self, Py_ssize_t i) noexcept
    cdef bint _branch(self, double bound) noexcept
    cdef Py_ssize_t _open_number(self, double within) noexcept
    cdef void _part_number(self, Py_ssize_t p, double bound) noexcept
    cdef void _wait(self, double bound) noexcept
    cdef Py_ssize_t _open_stage(self) noexcept
    cdef double _mean_stay(self, Py_ssize_t s) noexcept
    cdef void _part_menu(self, Py_ssize_t s, double bound) noexcept
