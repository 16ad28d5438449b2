"""Settings that must stand before Rasa, NumPy or TensorFlow are imported."""

import os
import warnings

# One thread each: the workers are the parallelism, and a thread pool does not survive a fork.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


def quieten() -> None:
    """Set one thread per library, no telemetry and no warnings from libraries. Call before importing Rasa."""
    for name, value in _ENVIRONMENT.items():
        os.environ[name] = value
    warnings.simplefilter("ignore")
