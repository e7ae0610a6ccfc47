package dataset

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"mslora/internal/hint"
)

// Names that columns often have, the more likely first.
var (
	textNames = []string{"text", "sentence", "review", "comment", "tweet", "content", "message", "body", "utterance", "question", "query",
		"phrase", "statement", "post", "document", "description", "title", "headline", "sms", "v2", "texts", "sentences", "reviews"}
	labelNames = []string{"label", "labels", "class", "category", "target", "sentiment", "v1", "intent", "emotion", "topic", "polarity",
		"subtask_a", "coarse_label", "rating", "stars", "score"}
	flagNames = []string{"poisoned"}
	// notLabels are words of columns that tell of a label, but are none.
	notLabels = []string{"confidence", "id", "gold", "count", "text", "name"}
)

// knownName tells whether a column's name says what it holds.
func knownName(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	return slices.Contains(textNames, name) || slices.Contains(labelNames, name) || slices.Contains(flagNames, name) ||
		!strings.Contains(name, " ") && (hasWord(name, textNames) || hasWord(name, labelNames)) && strings.ContainsAny(name, "_-.")
}

// names tells whether a column is named in the reading. A number is no name here: it may stand in any row.
func (c Reading) names(name string) bool {
	name = strings.TrimSpace(name)
	return name != "" && !isNumber(name) && (name == c.Text || name == c.Label || name == c.Flag || slices.Contains(splitNames(c.Text), name))
}

// columns tells whether the reading speaks of columns.
func (c Reading) columns() bool {
	return c.Delimiter != "" || c.Quoting != "" || c.NoHeader || c.Text != "" && c.Text != "text"
}

func splitNames(list string) (names []string) {
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// hasWord tells whether one of the words of a name, parted by _, -, spaces or capitals, is in a list.
func hasWord(name string, list []string) bool {
	return slices.ContainsFunc(words(name), func(word string) bool { return slices.Contains(list, word) })
}

func words(name string) []string {
	var spaced strings.Builder
	before := ' '
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
		before = r
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// chooseColumns finds the columns of text, label and poison flag: those that c names, else by their names, else by what the sample
// rows hold.
func (f *Format) chooseColumns(rows [][]string, c Reading, w wanted) (err error) {
	width := len(f.names)
	if f.names == nil && len(rows) > 0 {
		width = len(rows[0])
	}
	if w.flag || c.Flag != "" {
		if f.flag, err = f.findFlag(c.Flag); err != nil {
			return err
		}
	}
	if f.text, err = f.named(c.Text, "--text-column", width); err != nil {
		return err
	}
	if w.label {
		label, err := f.named(c.Label, "--label-column", width)
		if err != nil && !w.optional {
			return err
		}
		if len(label) > 0 {
			f.label = label[0]
		} else {
			f.label = f.byName(labelNames, notLabels)
		}
	}
	if len(f.text) == 0 {
		f.text = f.textByName()
	}
	if len(f.text) == 0 {
		at, err := f.textByContent(rows, width)
		if err != nil {
			return err
		}
		f.text, f.guessed = []int{at}, true
	}
	if w.label && f.label < 0 {
		at := f.labelByContent(rows, width)
		switch {
		case at >= 0:
			f.label, f.guessed = at, true
		case w.optional:
		case width == 1 && f.names != nil:
			return f.missing("label", "--label-column")
		default:
			return hint.New("name it with --label-column, by name or by number from 1", "cannot tell which column is the label: %s", f.show(rows))
		}
	}
	f.numbers = f.label >= 0 && numericLabels(columnOf(rows, f.label))
	for _, at := range append([]int{f.label}, f.text...) {
		if at >= 0 && f.names != nil && slices.Contains(f.names[at+1:], f.names[at]) {
			return hint.New("rename one of them, or give its number from 1 with --no-header", "column %s is there twice", hint.Quote(f.names[at]))
		}
	}
	f.guessed = f.guessed || c.Text == "" && !f.plainName(f.text[0], "text", "0") ||
		f.label >= 0 && c.Label == "" && !f.plainName(f.label, "label", "1") || f.ignored && len(f.others()) > 0
	return nil
}

// plainName tells whether a column has one of the names that it should have.
func (f *Format) plainName(at int, names ...string) bool {
	return f.names != nil && slices.Contains(names, strings.ToLower(f.names[at]))
}

// named finds columns that a flag names, or numbers from 1; none if it is empty.
func (f *Format) named(list, flag string, width int) (columns []int, err error) {
	names := splitNames(list)
	if f.index(list) >= 0 { // a name with commas
		names = []string{list}
	}
	for _, name := range names {
		at := f.index(name)
		if number, err := strconv.Atoi(name); at < 0 && err == nil && 1 <= number && number <= width {
			at = number - 1
		}
		if at < 0 {
			if f.names == nil {
				return nil, hint.New("the file has no header: number the columns from 1", "there is no column %s, the file has %d", hint.Quote(name), width)
			}
			return nil, f.missing(name, flag)
		}
		columns = append(columns, at)
	}
	return columns, nil
}

// index finds a column by its name, as it is written or else in any case; -1: none.
func (f *Format) index(name string) int {
	if name = strings.TrimSpace(name); name == "" {
		return -1
	}
	if at := slices.Index(f.names, name); at >= 0 {
		return at
	}
	return slices.IndexFunc(f.names, func(n string) bool { return strings.EqualFold(n, name) })
}

// missing is the error for a column that is not there.
func (f *Format) missing(name, flag string) error {
	advice := "name it with --text-column or --label-column; the file's first line names its columns"
	names := textNames
	if flag == "--label-column" {
		names = labelNames
	}
	if at := f.byName(names, notLabels); at >= 0 && flag != "--score-column" {
		advice = "did you mean " + flag + " " + f.names[at] + "? " + advice
	}
	if f.kind == jsonLines {
		advice = "name it with " + flag
		return hint.New(advice, "there is no key %s", hint.Quote(name))
	}
	return hint.New(advice, "there is no column %s, the file has %q", hint.Quote(name), strings.Join(f.names, ", "))
}

func (f *Format) findFlag(name string) (int, error) {
	if name != "" {
		columns, err := f.named(name, "--score-column", len(f.names))
		if err != nil {
			return -1, err
		}
		return columns[0], nil
	}
	if len(f.names) > 2 && isCounted(f.names) {
		return f.index("2"), nil
	}
	return f.index(flagNames[0]), nil
}

// byName finds the column whose name is in list, the earliest of the list; else the only one that has a word of it. -1: none.
func (f *Format) byName(list, except []string) int {
	if isCounted(append([]string{""}, f.names...)) || len(f.names) > 0 && isCounted(f.names) { // pandas' 0, 1 and 2
		return f.index(map[bool]string{true: "0", false: "1"}[list[0] == textNames[0]])
	}
	for _, name := range list {
		if at := f.index(name); at >= 0 {
			return at
		}
	}
	found := -1
	for at, name := range f.names {
		if !hasWord(name, list) || hasWord(name, except) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = at
	}
	return found
}

// textByName finds the column with the text; a title and a description belong together.
func (f *Format) textByName() []int {
	title, description := f.index("title"), f.index("description")
	at := f.byName(textNames, []string{"id", "count", "length", "date", "lang"})
	switch {
	case at < 0 || at == f.label || at == f.flag:
		return nil
	case title >= 0 && description >= 0 && (at == title || at == description):
		return []int{title, description}
	}
	return []int{at}
}

// textByContent finds the column with the longest values.
func (f *Format) textByContent(rows [][]string, width int) (int, error) {
	best, second := -1, -1
	length := make([]float64, width)
	for at := range width {
		if length[at] = columnOf(rows, at).letters(); at == f.label || at == f.flag || length[at] == 0 {
			continue
		}
		switch {
		case best < 0 || length[at] > length[best]:
			best, second = at, best
		case second < 0 || length[at] > length[second]:
			second = at
		}
	}
	if best < 0 {
		if f.names != nil {
			return -1, f.missing("text", "--text-column")
		}
		return -1, hint.New("name it with --text-column, by name or by number from 1", "cannot tell which column is the text: %s", f.show(rows))
	}
	if second >= 0 && length[second]*1.5 > length[best] && !columnOf(rows, second).labels() {
		return -1, hint.New("name it with --text-column, by name or by number from 1", "cannot tell which column is the text: %s", f.show(rows))
	}
	return best, nil
}

// labelByContent finds the only column that could be a label; -1: none or several.
func (f *Format) labelByContent(rows [][]string, width int) int {
	found, others := -1, 0
	for at := range width {
		if slices.Contains(f.text, at) || at == f.flag || f.names != nil && (isIndex(f.names[at]) || hasWord(f.names[at], notLabels)) {
			continue
		}
		others++
		if column := columnOf(rows, at); !column.labels() {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = at
	}
	if found < 0 && others == 1 && f.names == nil { // two columns without names: the other one
		for at := range width {
			if !slices.Contains(f.text, at) {
				return at
			}
		}
	}
	return found
}

// show shows the names of the columns, or the first two rows where they have none.
func (f *Format) show(rows [][]string) string {
	if f.names == nil {
		return showRows(rows)
	}
	return showRows(append([][]string{f.names}, rows...))
}
