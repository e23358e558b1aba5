"""The web server as it is shipped: `gunicorn -c cosme_portal/gunicorn.conf.py`, behind deploy/nginx.conf.

`-b 127.0.0.1:8000` binds to a port instead of the socket, `WEB_CONCURRENCY` says how many processes run.
"""

import os

wsgi_app = "cosme_portal.wsgi"
bind = "unix:/run/portal/web.sock"
workers = 2
worker_class = "cosme_portal.web_worker.Worker"
threads = 8
backlog = 512  # a rush waits here, and is judged by when it arrived
timeout = 60  # seconds after which a process that is stuck is replaced
graceful_timeout = 30
keepalive = 5
max_requests = 0
limit_request_line = 8190
limit_request_fields = 60
accesslog = None  # the portal writes a line for each request, and nginx one with address and path
if os.environ.get("PORTAL_MODE") == "production":  # of the main process; others follow the settings
    logconfig_dict = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "foundation.logs.JsonFormatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {"gunicorn.error": {"handlers": ["console"], "propagate": False}},
    }
