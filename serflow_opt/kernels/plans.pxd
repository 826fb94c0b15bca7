from serflow_opt.kernels.states cimport States


cdef class Plans(States):
    cdef Py_ssize_t columns
    cdef double[:, :, ::1] adds
    cdef double[:, ::1] start_adds, left_adds, into_adds
    cdef double[::1] column
    cdef long long[:, ::1] path
    cdef void _add_up(self) noexcept
    cdef void _put_before(self, Py_ssize_t s) noexcept
