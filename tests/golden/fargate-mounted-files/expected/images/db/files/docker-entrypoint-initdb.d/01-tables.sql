CREATE TABLE pictures (name text);
