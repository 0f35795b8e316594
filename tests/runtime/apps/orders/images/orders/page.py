import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2


def ask(statement, *values):
    with psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=5) as database:
        cursor = database.cursor()
        cursor.execute(statement, values)
        return cursor.fetchall()


class Orders(BaseHTTPRequestHandler):
    def do_GET(self):
        found = ask("SELECT id, thing FROM orders ORDER BY id") if self.path != "/" else []
        self.say(200, ", ".join(f"{number} {thing}" for number, thing in found))

    def do_POST(self):
        thing = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.say(201, str(ask("INSERT INTO orders (thing) VALUES (%s) RETURNING id", thing)[0][0]))

    def say(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())


ask("SELECT count(*) FROM orders")  # without its tables it does not start
ThreadingHTTPServer(("", 8000), Orders).serve_forever()
