package dataset

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Format is how a file is read: what was said in a Reading, and what was found out.
type Format struct {
	kind          kind
	delimiter     string
	quoting       Quoting
	header        bool
	encoding      string   // canonical name
	names         []string // of the columns, in order; nil without a header
	text          []int    // columns that are joined
	label         int      // -1: none
	flag          int      // -1: none
	flagOptional  bool     // a JSON object may lack it
	labelOptional bool     // the same

	// guessed says that something was found out which is not plain from the file's name and the columns text and label.
	guessed    bool
	all        bool // blank lines are rows
	numbers    bool // labels are numbers
	labelNames map[string]string
	ignored    bool // columns that are not needed are worth a word
}

// kind is how the rows of a file are told apart.
type kind string

const (
	delimited   kind = "columns"
	jsonLines   kind = "JSON lines"
	jsonFile    kind = "JSON"
	parquetFile kind = "Parquet"
	texts       kind = "a text a line"
	atLabel     kind = "text@label"
	wordLabel   kind = "label, space, text"
	fastText    kind = "fastText's __label__"
)

var delimiterNames = map[string]string{",": "comma-separated", "\t": "tab-separated", ";": "semicolon-separated", "|": "bar-separated"}

// String says in a line what was understood.
func (f *Format) String() string {
	var parts []string
	switch f.kind {
	case delimited:
		if f.delimiter != "" {
			parts = append(parts, delimiterNames[f.delimiter])
		}
		if f.quoting == QuotingPlain {
			parts = append(parts, "quotes are plain characters")
		} else {
			parts = append(parts, "fields may be quoted")
		}
		if f.header {
			parts = append(parts, "header")
		} else {
			parts = append(parts, "no header")
		}
	default:
		parts = append(parts, string(f.kind))
	}
	if f.kind != parquetFile {
		parts = append(parts, f.encoding)
	}
	line := strings.Join(parts, ", ")
	if f.kind == texts || f.kind == atLabel || f.kind == wordLabel || f.kind == fastText {
		return line
	}
	var columns []string
	for _, at := range f.text {
		columns = append(columns, f.name(at))
	}
	line += "; text: " + strings.Join(columns, " + ")
	if f.label >= 0 {
		line += ", label: " + f.name(f.label)
	}
	if f.flag >= 0 {
		line += ", poison flag: " + f.name(f.flag)
	}
	if others := f.others(); f.ignored && len(others) > 0 {
		line += "; ignored: " + strings.Join(others, ", ")
	}
	return line
}

// name shows a column.
func (f *Format) name(at int) string {
	if f.names == nil {
		return fmt.Sprintf("column %d", at+1)
	}
	if f.names[at] == "" {
		return fmt.Sprintf("column %d (no name)", at+1)
	}
	return strconv.Quote(f.names[at])
}

// others names the columns that are not used, but for an index without a name.
func (f *Format) others() (names []string) {
	for i, name := range f.names {
		if !slices.Contains(f.text, i) && i != f.label && i != f.flag && !isIndex(name) {
			names = append(names, f.name(i))
		}
	}
	return names
}

func isIndex(name string) bool {
	return name == "" || strings.HasPrefix(strings.ToLower(name), "unnamed: ")
}

// rows gives each row of the decoded stream r, or what is wrong with it. An error of give, and what makes reading on
// impossible, is returned.
func (f *Format) rows(r io.Reader, give func(line int, t NamedText, bad error) error) error {
	switch f.kind {
	case delimited:
		return f.delimitedRows(r, give)
	case jsonLines:
		return f.jsonRows(r, give)
	case jsonFile:
		return f.jsonFileRows(r, give)
	}
	return f.lineRows(r, give)
}

// at names the place of a row in an error: its line, or its number where rows are no lines.
func (f *Format) at(line int, err error) error {
	if f.kind == jsonFile || f.kind == parquetFile {
		return fmt.Errorf("row %d: %w", line, err)
	}
	return atLine(line, err)
}
