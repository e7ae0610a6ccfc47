package dataset

import (
	"slices"
	"strings"

	"mslora/internal/hint"
)

// Reading says how files are to be read. What is left at its zero value is found out from the file itself: [Format] says what was.
// Readings compare with ==.
type Reading struct {
	Text  string `yaml:"text_column,omitempty"`  // columns with the text, by name or number from 1; several, with commas between, are joined by a space
	Label string `yaml:"label_column,omitempty"` // column with the label, by name or number from 1
	Flag  string `yaml:"-"`                      // column of poison flags; "": nobody knows them
	// Unlabelled says that labels are not wanted.
	Unlabelled bool `yaml:"-"`

	Delimiter string  `yaml:"delimiter,omitempty"` // one of Delimiters
	Quoting   Quoting `yaml:"quoting,omitempty"`   // of files with delimiters
	NoHeader  bool    `yaml:"no_header,omitempty"` // the first line is a row
	Encoding  string  `yaml:"encoding,omitempty"`  // a name that the WHATWG encoding standard knows, such as utf-8, utf-16le, windows-1252 or gb18030

	// LabelNames puts names for labels: lines of a label, a tab and its name, as ReadLabelNames gives them. Empty: labels stay as they are.
	LabelNames string `yaml:"label_names,omitempty"`

	SkipEmpty bool `yaml:"skip_empty,omitempty"` // rows without text are left out and counted
	SkipBad   bool `yaml:"skip_bad,omitempty"`   // rows that cannot be used are left out and counted
	// Rejected, if not nil, collects the rows that are left out.
	Rejected *Rejected `yaml:"-"`
	// Uncompressed refuses what a hand that is not trusted could make to unpack to more than memory holds.
	Uncompressed bool `yaml:"-"`
	// All gives blank rows and those that cannot be used, too, with what is wrong in NamedText.Bad: each row has an answer.
	All bool `yaml:"-"`
}

// Quoting says what a double quote means.
type Quoting string

const (
	QuotingAny   Quoting = ""      // found out
	QuotingCSV   Quoting = "csv"   // RFC 4180: fields may stand in quotes, quotes in them are doubled
	QuotingPlain Quoting = "plain" // a quote is a character like others
)

// Delimiters are the characters that may part columns.
var Delimiters = []string{",", "\t", ";", "|"}

// ParseDelimiter reads one of Delimiters, or its name: comma, tab (also \t), semicolon or pipe. Empty stays empty.
func ParseDelimiter(text string) (string, error) {
	for i, names := range [][]string{{"comma"}, {"tab", `\t`}, {"semicolon"}, {"pipe", "bar"}} {
		if text == Delimiters[i] || slices.Contains(names, strings.ToLower(text)) {
			return Delimiters[i], nil
		}
	}
	if text == "" {
		return "", nil
	}
	return "", hint.New("give comma, tab, semicolon or pipe", "%s is no delimiter", hint.Quote(text))
}

// ParseQuoting reads csv or plain. Empty stays empty.
func ParseQuoting(text string) (Quoting, error) {
	q := Quoting(strings.ToLower(text))
	if q != QuotingAny && q != QuotingCSV && q != QuotingPlain {
		return q, hint.New("give csv, where fields may stand in double quotes, or plain, where a quote is a character like others", "%s is no quoting", hint.Quote(text))
	}
	return q, nil
}
