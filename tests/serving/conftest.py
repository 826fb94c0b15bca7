"""Without the extra `serve`, what speaks HTTP or gRPC is not tested."""

from serflow_opt.errors import InputError
from serflow_opt.serving.extra import check_extra

SPEAKING = ("app", "keda", "keda_messages", "metrics", "prometheus", "server")

try:
    check_extra()
    collect_ignore: list[str] = []
except InputError:
    collect_ignore = [f"test_{name}.py" for name in SPEAKING]
