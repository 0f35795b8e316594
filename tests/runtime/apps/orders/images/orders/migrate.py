import os

import psycopg2

with psycopg2.connect(os.environ["DATABASE_URL"]) as database:
    database.cursor().execute("CREATE TABLE orders (id serial PRIMARY KEY, thing text NOT NULL)")
