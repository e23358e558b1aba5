"""The web server as it is shipped: `gunicorn -c cosme_portal/gunicorn.conf.py`, behind deploy/nginx.conf.

`-b 127.0.0.1:8000` binds to a port instead of the socket, `WEB_CONCURRENCY` says how many processes run.
"""

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
accesslog = None  # nginx writes it, without the paths that open something
