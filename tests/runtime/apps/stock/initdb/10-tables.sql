CREATE TABLE harbours (name text PRIMARY KEY);
