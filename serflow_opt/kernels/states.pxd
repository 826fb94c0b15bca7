cdef class Exits:
    cdef long long[::1] line_from, line_level
    cdef double[::1] go_on, mass, breaks
    cdef Py_ssize_t line_at(self, Py_ssize_t menu, double value, double beta) noexcept nogil
    cdef double left_by(self, Py_ssize_t menu, double value, double beta) noexcept nogil
    cdef double most_after(self, Py_ssize_t menu, double value, double beta) noexcept nogil


cdef class States(Exits):
    cdef Py_ssize_t stages, runners
    cdef bint may_end
    cdef double[:, ::1] whole, ends
    cdef long long[:, ::1] back, menu, stay_from, left_from
    cdef long long[::1] stay_to, start_hub, left_hub, hub_at, hub_via, into_from, into_runner
    cdef double[::1] start_whole, left_whole, into_whole
