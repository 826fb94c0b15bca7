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


cdef inline Py_ssize_t put_label(
    double *values, double *wholes, long long *backs, long long *afters, long long *vias, Py_ssize_t end,
    double value, double whole, long long back, long long after, long long via
) noexcept nogil:
    """Put a label among `end` others; return how many there are then.

    Of one `back`, values rise and whole times fall: what is neither better nor faster than another is left out, of
    equals the later. Inline, since nothing is called as often.
    """
    cdef Py_ssize_t low = 0, high = end, first, i, j
    while low < high:
        i = (low + high) // 2
        if backs[i] < back or (backs[i] == back and values[i] <= value):
            low = i + 1
        else:
            high = i
    first = low
    if low > 0 and backs[low - 1] == back:
        if wholes[low - 1] <= whole:
            return end
        if values[low - 1] == value:
            first = low - 1
    while low < end and backs[low] == back and wholes[low] >= whole:
        low += 1
    # those from `first` to `low` make room for one
    if low == first:
        for i in range(end, first, -1):
            values[i], wholes[i], backs[i] = values[i - 1], wholes[i - 1], backs[i - 1]
            afters[i], vias[i] = afters[i - 1], vias[i - 1]
    elif low > first + 1:
        for i in range(low, end):
            j = i - low + first + 1
            values[j], wholes[j], backs[j], afters[j], vias[j] = values[i], wholes[i], backs[i], afters[i], vias[i]
    values[first], wholes[first], backs[first], afters[first], vias[first] = value, whole, back, after, via
    return end - (low - first) + 1
