import os

import psycopg2

with psycopg2.connect(os.environ["DATABASE_URL"]) as database:
    database.cursor().execute("INSERT INTO orders (thing) VALUES ('crate'), ('barrel')")
