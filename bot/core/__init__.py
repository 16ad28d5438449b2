"""The conversation core: records, rules and `decide()`. Nothing here does I/O, reads a clock or draws a random number by itself."""
