from serflow_opt.kernels.plans cimport Plans


cdef class Routes(Plans):
    cdef Py_ssize_t label_end, met_end, size
    cdef double limit, whole_time, beta
    cdef bint timed
    cdef unsigned char[:, ::1] on
    cdef unsigned char[::1] may
    cdef long long[::1] here
    cdef double[:, ::1] before
    cdef double[::1] value, time, met_value, met_time, weight
    cdef long long[::1] back_to, after, left_by_way, met_back, met_after, met_into, met_begin
    cdef long long[:, ::1] begin
    cdef double *values
    cdef double *times
    cdef long long *backs
    cdef long long *afters
    cdef long long *vias
    cdef void _among(self, unsigned char[::1] may) noexcept
    cdef double _least(self, double[::1] weight)
    cdef void _room(self, Py_ssize_t labels, Py_ssize_t met)
    cdef void _stage(self, Py_ssize_t s)
    cdef void _hubs(self, Py_ssize_t s)
    cdef void _follow(self, Py_ssize_t s, Py_ssize_t e, double price) noexcept
    cdef void _stays(self, Py_ssize_t s, Py_ssize_t e, Py_ssize_t f, double price) noexcept
    cdef void _add(
        self, Py_ssize_t s, Py_ssize_t e, double price, double value, double time,
        long long back, long long after, long long left
    ) noexcept
    cdef void _trace(self, Py_ssize_t start, Py_ssize_t label) noexcept
    cdef double _follows(self, Py_ssize_t s) noexcept
