"""Services in one process on a log in memory, in a time that jumps: crashes, freezes and take-overs by the thousand."""
