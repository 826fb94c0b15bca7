cdef class Choices:
    cdef long long[::1] all_stages
    cdef long long[:, ::1] all_first, all_sizes
    cdef double[:, :, ::1] all_adds
    cdef double[:, ::1] all_rents, all_dues, all_most
    cdef double[::1] stay, mass, limit, unit
    cdef Py_ssize_t here, stages, columns, machines, money
    cdef long long[::1] first
    cdef double[:, ::1] adds
    cdef double[::1] rent, due
    cdef double gap, off, forgiven, rounding, integral
    cdef double best
    cdef bint known
    cdef Py_ssize_t best_at
    cdef long long[::1] best_levels, levels
    cdef double[::1] column, weight
    cdef long long[::1] low, high
    cdef double _target(self) noexcept
    cdef void _open(self, Py_ssize_t n)
    cdef double _price(self) noexcept
    cdef void _add_up(self) noexcept
    cdef double _worth(self) noexcept
    cdef void _offer(self) noexcept
