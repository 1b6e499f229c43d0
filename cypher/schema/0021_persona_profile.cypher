// 0021_persona_profile: personas are found by the keys they hold and how much, by who shares and when.
// returns nothing
// cost    write; once a database
CREATE FULLTEXT INDEX persona_profile IF NOT EXISTS
FOR (n:Persona) ON EACH [n.profile, n.sharing, n.at, n.retired_at]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}
