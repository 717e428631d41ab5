"""The backend that steps all worlds in one native call: a library in C, and what fills its structures."""
