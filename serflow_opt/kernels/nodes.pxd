from serflow_opt.kernels.mixes cimport Mixes


cdef class Nodes(Mixes):
    cdef Py_ssize_t top, mixing
    cdef long long nodes
    cdef bint quick
    cdef double dropped, mixed
    cdef long long[:, ::1] lows, highs, fulls
    cdef double[:, ::1] leasts, mosts, weights, reach, best_shares
    cdef double[::1] bounds
    cdef double[:, :, ::1] behind, before
    cdef void _close(self, double bound) noexcept
    cdef void _take_node(self) noexcept
    cdef void _offer_mix(self) noexcept
    cdef void _reach(self, Py_ssize_t i) noexcept
    cdef void _cross(self) noexcept
    cdef void _split_up(self, Py_ssize_t i) noexcept
    cdef bint _branch(self, double bound) noexcept
    cdef Py_ssize_t _open_number(self, double within) noexcept
    cdef void _part_number(self, Py_ssize_t p, double bound) noexcept
    cdef void _wait(self, double bound) noexcept
    cdef Py_ssize_t _open_stage(self) noexcept
    cdef double _mean_stay(self, Py_ssize_t s) noexcept
    cdef Py_ssize_t _used(self, Py_ssize_t s, Py_ssize_t sign) noexcept
    cdef void _part_menu(self, Py_ssize_t s, double bound) noexcept
