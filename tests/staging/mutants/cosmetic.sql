COMMENT ON COLUMN visit.note IS NULL
COMMENT ON COLUMN visit.note IS 'other words'
COMMENT ON TABLE clinic IS NULL
COMMENT ON INDEX visit_note IS NULL
COMMENT ON CONSTRAINT short_note ON visit IS 'extra'
COMMENT ON FUNCTION stamp() IS 'extra'
COMMENT ON TYPE mood IS 'extra'
COMMENT ON SCHEMA archive IS 'extra'
COMMENT ON TRIGGER stamped ON visit IS 'extra'
COMMENT ON POLICY own ON visit IS 'extra'
