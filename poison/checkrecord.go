package poison

import (
	"errors"
	"io/fs"
	"path/filepath"

	"mslora/dataset"
	"mslora/internal/hint"
	"mslora/internal/regular"
)

// inside tells whether a file of a set is there. A link that leads out of the folder that is checked is a problem: whoever
// made the set could point it at any file of this machine.
func (c *checker) inside(path string) bool {
	inside, err := regular.Within(c.dir, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false
	case err != nil:
		c.broken(err)
		return false
	case !inside:
		c.problem(path, "it is a link that leads out of %s", c.dir)
	}
	return inside
}

// limit is the largest size of a file that a record allows.
type limit struct {
	bytes  int64
	record string // path
}

// limit has the files that a record lists refused if they are larger than it allows.
func (c *checker) limit(a *attackSet, m mixedFile) {
	if m.record == nil {
		return
	}
	for _, file := range m.record.Files {
		path := filepath.Join(a.folder, filepath.FromSlash(file.Path))
		if known, ok := c.limits[path]; !ok || mostBytes(file) < known.bytes {
			c.limits[path] = limit{mostBytes(file), m.recordPath()}
		}
	}
}

// sums compares the files that a record lists with their checksums. It opens none: a record can vouch only for the files of
// its own set, which are read already.
func (c *checker) sums(a *attackSet, m mixedFile) {
	r, record := m.record, m.recordPath()
	if r.Attack != a.attack || r.Target != a.target {
		c.problem(record, "it is of attack %s and target label %d, but lies in %s", r.Attack, r.Target, a.folder)
	}
	splits := map[string]*dataset.Split{m.setting + "/" + m.ratio + "/train-poison.csv": m.texts}
	for _, file := range a.files() {
		splits[file.name+".csv"] = *file.split
	}
	for _, file := range r.Files {
		s, known := splits[file.Path]
		switch {
		case !known:
			c.problem(record, "it lists %s, which is no file of this set", hint.Quote(file.Path))
		case s == nil:
			c.problem(filepath.Join(a.folder, filepath.FromSlash(file.Path)), "%s lists it, but it cannot be read", record)
		case s.SHA256 != file.SHA256:
			c.problem(s.Path, "it was changed since it was made: its SHA-256 is not the one in %s", record)
		}
	}
}
