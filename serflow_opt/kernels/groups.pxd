from serflow_opt.kernels.nodes cimport Nodes
from serflow_opt.kernels.routes cimport Routes


cdef class Groups(Nodes):
    cdef Routes routes
    cdef unsigned char[:, ::1] may
    cdef long long[:, ::1] best_path
    cdef Py_ssize_t left, loaded
    cdef long long[::1] known_from
    cdef double[:, ::1] known_columns
    cdef double[::1] known_times
    cdef long long[:, :, ::1] known_plans, pool_plans
    cdef double[:, ::1] left_leasts, left_mosts, left_weights
    cdef double[::1] left_bounds
    cdef double _load(self, Py_ssize_t n) noexcept
    cdef double _offer_plan(self, long long[:, ::1] plan) noexcept
