package dataset

import "strings"

// Text is one row of a data set.
type Text struct {
	Text     string
	Label    int  // class, from 0
	Poisoned bool // carries the trigger; known to the experimenter, never to the defender
}

// Dataset is what one training run and its scoring need.
type Dataset struct {
	Name    string   // folder name
	Attack  string   // one of Attacks, or Unknown for a plain folder
	Target  int      // target label, -1 if nobody knows
	Classes int      // labels are 0..Classes-1
	Labels  []string // names of the classes, nil where the files number them
	Ratio   string   // poison ratio as the folder says, "" for a plain folder, "0" for clean training
	Setting string   // clean, dirty or mix; "" for a plain folder and for clean training

	Train     []Text // the mixed set that is trained on
	Dev       []Text // clean and trusted, unless DevOfTrain
	TestClean []Text
	// TestPoison holds poisoned copies of test texts that are not of the target label; ASR is the share of them
	// that is classified as Target. Label is what the file says: the target label in the authors' files, possibly
	// the true label in plain ones. Empty where a plain folder has no poisoned test texts.
	TestPoison []Text

	// Trusted holds clean texts that gradients are aligned to; empty: they are drawn from Dev.
	Trusted []Text

	// DevOfTrain says that Dev was split off the training texts, so that it may be poisoned as they are.
	DevOfTrain bool
	// Lines are those of Train in its file and, with DevOfTrain, then of Dev; nil where the layout has files of its own.
	Lines []int

	Files []File // every file read, in the order above

	Rejected *Rejected // the rows that were left out; nil if none were to be
}

// File records what was read, so that a result says what it came from.
type File struct {
	Role    string `json:"role"` // train, dev, test-clean, test-poison
	Path    string `json:"path"`
	SHA256  string `json:"sha256"` // of the bytes on disk, hexadecimal
	Rows    int    `json:"rows"`   // without the header and without skipped rows
	Skipped int    `json:"skipped,omitempty"`
	Empty   int    `json:"empty,omitempty"`   // rows without text that were left out on request
	Bad     int    `json:"bad,omitempty"`     // rows that could not be used and were left out on request
	Nothing int    `json:"nothing,omitempty"` // texts that are a word such as nan, which programs write where there is nothing
	// Understood says in a line how the file was read, where that had to be guessed.
	Understood string `json:"understood,omitempty"`

	Classes  []string `json:"-"` // names of the classes, in their order, where the file is trained on and has names
	LeftOut  []string `json:"-"` // what is wrong with the first of the rows that Bad counts
	Warnings []string `json:"-"` // what is odd about its texts and labels
}

// Blank counts the texts that have nothing but white space.
func Blank(texts []Text) (n int) {
	for _, t := range texts {
		if strings.TrimSpace(t.Text) == "" {
			n++
		}
	}
	return n
}

// Poisoned counts the poisoned rows of texts.
func Poisoned(texts []Text) int {
	n := 0
	for _, t := range texts {
		if t.Poisoned {
			n++
		}
	}
	return n
}

// WithoutLabel gives the texts that are not of a label, in their order.
func WithoutLabel(texts []Text, label int) []Text {
	var others []Text
	for _, t := range texts {
		if t.Label != label {
			others = append(others, t)
		}
	}
	return others
}
