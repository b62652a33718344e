DELETE FROM visit WHERE id = 3
DELETE FROM ticket_holder
INSERT INTO clinic VALUES (3, 'east')
UPDATE visit SET note = 'lost' WHERE id = 1
UPDATE visit SET note = NULL
UPDATE visit SET clinic_id = 2 WHERE id = 1
UPDATE visit SET note = CASE id WHEN 1 THEN 'second' ELSE 'first' END WHERE id IN (1, 2)
UPDATE clinic SET price = round(price) + 0.00 WHERE id = 2
UPDATE clinic SET opened = opened + 1 WHERE id = 1
UPDATE visit SET at = at + interval '1 microsecond' WHERE id = 1
UPDATE visit SET payload = '{"a": 3}' WHERE id = 1
UPDATE visit SET payload = 'null' WHERE id = 3
UPDATE visit SET long = '' WHERE id = 1
UPDATE clinic SET address = ROW('a', NULL) WHERE id = 1
INSERT INTO visit (clinic_id, at) SELECT clinic_id, at + interval '1 day' FROM visit WHERE id = 1
UPDATE log SET line = 'three' WHERE line = 'two'
UPDATE patient SET name = 'bob'
ALTER TABLE clinic DROP COLUMN opened; ALTER TABLE clinic ADD COLUMN opened date DEFAULT '2020-01-01'
ALTER SEQUENCE visit_id_seq RESTART
ALTER SEQUENCE ticket RESTART
DROP SEQUENCE ticket; CREATE SEQUENCE ticket
