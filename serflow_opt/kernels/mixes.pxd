from serflow_opt.kernels.choices cimport Choices


cdef class Mixes(Choices):
    cdef Py_ssize_t have, last, room
    cdef bint eager
    cdef long long[:, ::1] pool
    cdef double[:, ::1] pooled, inverse
    cdef double[::1] right, cost, value, dual, step, entering, tightest
    cdef long long[::1] kind, full
    cdef double[::1] least, most
    cdef double _bound(self, bint quick) noexcept
    cdef void _remember(self, double times) noexcept
    cdef void _go_towards(self, double value, double bound) noexcept
    cdef double _right_hand(self) noexcept
    cdef double _dual_value(self, double value, bint first) noexcept
    cdef Py_ssize_t _keep(self) noexcept
    cdef bint _inside(self, Py_ssize_t at) noexcept
    cdef bint _start(self) noexcept
    cdef void _column_of(self, Py_ssize_t code) noexcept
    cdef double _cost_of(self, Py_ssize_t code) noexcept
    cdef double _due_of(self, Py_ssize_t k) noexcept
    cdef void _real_costs(self) noexcept
    cdef bint _is_short(self) noexcept
    cdef double _total(self) noexcept
    cdef Py_ssize_t _cheapest_known(self, bint first) noexcept
    cdef void _weigh(self, bint first) noexcept
    cdef bint _enter(self, Py_ssize_t code, bint first) noexcept
    cdef void _pivot(self, Py_ssize_t out, Py_ssize_t code, double cost) noexcept
    cdef bint _shares(self, Py_ssize_t i) noexcept
    cdef double _number(self, Py_ssize_t p) noexcept
