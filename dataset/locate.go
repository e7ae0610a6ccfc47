package dataset

import "mslora/internal/hint"

// testPoison is the role of the file with poisoned test texts.
const testPoison = "test-poison"

// Located says what Load would read, of which nothing has been read yet.
type Located struct {
	Name    string // folder name
	Attack  string // one of Attacks, or Unknown for a plain folder
	Setting string // as in Dataset
	Ratio   string // as in Dataset
	Files   []Place

	dir    string
	layout Layout
}

// Place is one file of a data set.
type Place struct {
	Role string // train, dev, test-clean or, of a plain folder, test, and test-poison
	Path string
}

func (l Located) path(role string) string {
	for _, file := range l.Files {
		if file.Role == role {
			return file.Path
		}
	}
	return ""
}

// Locate finds the files that Load reads with the same options, and what their places say. A file that is missing is an
// error.
func Locate(dir string, o LoadOptions) (Located, error) {
	if o.Limit < 0 {
		return Located{}, hint.New("give 0 for all training texts", "limit %d is negative", o.Limit)
	}
	if o.Target < 0 || o.Classes < 0 {
		return Located{}, hint.New("labels are numbered from 0", "the target label and the number of classes cannot be negative")
	}
	layout, err := FindLayout(dir, o.Target)
	if err != nil {
		return Located{}, err
	}
	if layout == PlainLayout {
		return locatePlain(dir, o)
	}
	return locateRelease(dir, o)
}
