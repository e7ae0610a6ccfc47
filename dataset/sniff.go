package dataset

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode"

	"mslora/internal/hint"
)

// wanted says which columns a command needs beside the text.
type wanted struct {
	label    bool
	optional bool // the label may be missing
	flag     bool // a column of poison flags is looked for by its name
}

// sniff tells how a file is to be read: what c leaves open is found out from its bytes.
func sniff(s source, c Reading, w wanted) (*Format, error) {
	f := &Format{label: -1, flag: -1, ignored: w.flag, flagOptional: w.flag && c.Flag == "", labelOptional: w.optional, all: c.All, labelNames: namesOf(c.LabelNames)}
	if c.Uncompressed && (s.compression() != "" || s.extension() == ".parquet") {
		return nil, hint.New("write it as .csv, .tsv or .jsonl", "compressed and Parquet files are not read here")
	}
	if s.extension() == ".parquet" {
		return f, f.sniffParquet(s, c, w)
	}
	var bytes scan
	err := s.read(io.Discard, bytes.read)
	if err != nil {
		return nil, err
	}
	if c.Encoding != "" {
		f.encoding, err = canonicalEncoding(c.Encoding)
	} else if f.encoding, err = bytes.encoding(); f.encoding != "utf-8" {
		f.guessed = true
	}
	if err != nil {
		return nil, err
	}
	head, err := bytes.decoded(f.encoding)
	if err != nil {
		return nil, err
	}
	switch extension := s.extension(); {
	case (extension == ".json" || extension == "") && oneValue(head):
		return f, f.sniffJSONFile(s, c, w)
	case extension == ".jsonl" || extension == ".ndjson" || extension == ".json" || extension == "" && strings.HasPrefix(strings.TrimSpace(head), "{"):
		return f, f.sniffJSON(head, c, w)
	case extension == ".txt" && !w.label && !c.columns():
		f.kind = texts
		return f, nil
	case extension == ".txt" && c.Delimiter == "" && f.sniffLines(head):
		return f, nil
	case slices.Contains([]string{".csv", ".tsv", ".txt", ""}, extension):
		return f, f.sniffDelimited(s, head, bytes.quotes, c, w)
	}
	return nil, hint.New("data files are .csv, .tsv, .txt, .jsonl, .json or .parquet, each also .gz or .zst", "unknown kind of file")
}

// decoded gives the first lines of the file in UTF-8, without a line that is cut.
func (s *scan) decoded(encoding string) (string, error) {
	r, err := decoding(bytes.NewReader(s.head), encoding)
	if err != nil {
		return "", err
	}
	head, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	if end := bytes.LastIndexByte(head, '\n'); !s.whole && end >= 0 {
		head = head[:end+1]
	}
	return string(head), nil
}

// mostSample is how many rows are looked at to tell delimiter, header and columns.
const mostSample = 1000

func (f *Format) sniffJSON(head string, c Reading, w wanted) error {
	f.kind, f.ignored = jsonLines, false // other keys are usual
	lines := nonBlank(head)
	if len(lines) == 0 {
		return hint.New(`write one object a line: {"text": "…", "label": 0}`, "the file is empty")
	}
	return f.sniffKeys(lines, c, w)
}

// sniffKeys finds the columns among the keys of JSON objects.
func (f *Format) sniffKeys(lines []string, c Reading, w wanted) error {
	names, rows := jsonKeys(lines)
	if len(rows) == 0 {
		names = []string{"text", "label"} // reading says what is wrong with the first line
	}
	f.names, f.header = names, true
	if err := f.chooseColumns(rows, c, w); err != nil {
		return f.at(1, err)
	}
	return nil
}

// oneValue tells a file that is one JSON value from one with an object a line.
func oneValue(head string) bool {
	head = strings.TrimSpace(head)
	line, rest, _ := strings.Cut(head, "\n")
	switch {
	case strings.HasPrefix(head, "["):
		return true
	case !strings.HasPrefix(head, "{") || !json.Valid([]byte(line)):
		return strings.HasPrefix(head, "{")
	case strings.TrimSpace(rest) != "":
		return false
	}
	all, err := fields(json.RawMessage(line))
	return err == nil && !slices.ContainsFunc(all, func(f field) bool { return f.value[0] != '{' && f.value[0] != '[' })
}

// nonBlank gives at most mostSample lines that are not blank.
func nonBlank(head string) (lines []string) {
	for line := range strings.Lines(head) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			if lines = append(lines, line); len(lines) == mostSample {
				break
			}
		}
	}
	return lines
}

// sniffLines tells whether the lines of a text file have labels that no column holds. What tabs part has columns; what other
// delimiters part evenly has them unless the lines end in @label.
func (f *Format) sniffLines(head string) bool {
	lines := nonBlank(head)
	tabs, _ := bestDelimiter(head, "\t", func(string) bool { return false })
	columns := even(sample(head, "\t", QuotingPlain)) == 1 && strings.Contains(head, "\t")
	for _, k := range []kind{fastText, atLabel, wordLabel} {
		if columns && k != fastText || k == wordLabel && tabs != "\t" {
			return false
		}
		labels := map[string]int{}
		fit := 0
		for _, line := range lines {
			if _, label, ok := labelled(k, line); ok && len(label) <= 40 && !strings.ContainsFunc(label, notInLabel[k]) {
				labels[label]++
				fit++
			}
		}
		if fit == len(lines) && (k == fastText || len(labels) >= 2 && len(labels)*4 <= fit) {
			f.kind, f.guessed = k, true
			return true
		}
	}
	return false
}

// notInLabel tells what the labels of lines do not have. TREC's have a colon; the brackets of parsed sentences are no labels.
var notInLabel = map[kind]func(rune) bool{
	fastText:  func(rune) bool { return false },
	atLabel:   notInName,
	wordLabel: func(r rune) bool { return notInName(r) && !strings.ContainsRune(":.+/", r) },
}

func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
}

func (f *Format) sniffDelimited(s source, head string, quotes bool, c Reading, w wanted) (err error) {
	f.kind = delimited
	if strings.TrimSpace(head) == "" {
		return errEmpty
	}
	own := map[string]string{".csv": ",", ".tsv": "\t"}[s.extension()]
	known := func(name string) bool { return c.names(name) || knownName(name) }
	if f.delimiter = c.Delimiter; f.delimiter == "" {
		if f.delimiter, err = bestDelimiter(head, own, known); err != nil {
			return err
		}
		f.guessed = f.guessed || f.delimiter != own
		if f.delimiter == "" && w.label && s.extension() == ".txt" {
			return hint.New("give a .csv, .tsv or .jsonl file; lines may also be text@label, label and text with a space between, or __label__x and text",
				"a .txt file has no labels where lines are just texts")
		}
		if f.delimiter == "" { // one column
			f.delimiter = ","
		}
	}
	if f.quoting = c.Quoting; f.quoting == QuotingAny {
		if f.quoting, err = sniffQuoting(s, f.encoding, f.delimiter, quotes); err != nil {
			return err
		}
		f.guessed = f.guessed || f.quoting == QuotingPlain
	}
	rows := sample(head, f.delimiter, f.quoting)
	if len(rows) == 0 {
		return nil // reading says what is wrong with the first row
	}
	if f.header = !c.NoHeader; f.header {
		if f.header, err = f.sniffHeader(rows, c, known); err != nil {
			return err
		}
		f.guessed = f.guessed || !f.header
	}
	if f.header {
		if err := CheckText(strings.Join(rows[0], "")); err != nil {
			return atLine(1, err)
		}
		f.names = make([]string, len(rows[0]))
		for i, name := range rows[0] {
			f.names[i] = strings.TrimSpace(name)
		}
		rows = rows[1:]
	}
	if err := f.chooseColumns(rows, c, w); err != nil {
		return atLine(1, err)
	}
	return nil
}

// sample gives the first records of a file, as far as they can be read.
func sample(head, delimiter string, quoting Quoting) (rows [][]string) {
	eachRecord(strings.NewReader(head), delimiter, quoting, func(_ int, record []string) error {
		rows = append(rows, slices.Clone(record))
		if len(rows) > mostSample {
			return io.EOF
		}
		return nil
	})
	return rows
}

// bestDelimiter tells what parts the columns: own, that of the file's extension, if it makes columns; else the one that gives all rows
// the same number of them. It is "" for a file of one column without an own delimiter.
func bestDelimiter(head, own string, known func(string) bool) (string, error) {
	type candidate struct {
		delimiter string
		known     bool
		share     float64 // of rows that have as many columns as the first
	}
	var all []candidate
	for _, delimiter := range Delimiters {
		rows := sample(head, delimiter, QuotingCSV)
		if plain := sample(head, delimiter, QuotingPlain); len(rows) == 0 || even(plain) > even(rows) {
			rows = plain
		}
		if len(rows) == 0 || len(rows[0]) < 2 {
			continue
		}
		all = append(all, candidate{delimiter, slices.ContainsFunc(rows[0], known) || slices.Equal(rows[0], []string{"", "0", "1", "2"}), even(rows)})
		if delimiter == own && (all[len(all)-1].known || even(rows) > 0.5) {
			return own, nil
		}
	}
	var best []candidate
	for _, c := range all {
		if c.known || c.share > 0.9 {
			best = append(best, c)
		}
	}
	slices.SortStableFunc(best, func(a, b candidate) int {
		switch {
		case a.known != b.known && a.known:
			return -1
		case a.known != b.known:
			return 1
		case a.share > b.share:
			return -1
		case a.share < b.share:
			return 1
		}
		return 0
	})
	switch {
	case len(best) == 0:
		return own, nil
	case len(best) > 1 && best[0].known == best[1].known && best[0].share == best[1].share:
		return "", hint.New("give --delimiter comma, tab, semicolon or pipe", "columns may be %s or %s: %s",
			delimiterNames[best[0].delimiter], delimiterNames[best[1].delimiter], showRows(sample(head, best[0].delimiter, QuotingPlain)))
	}
	return best[0].delimiter, nil
}

// even is the share of rows that have as many columns as the first.
func even(rows [][]string) float64 {
	if len(rows) == 0 {
		return 0
	}
	same := 0
	for _, row := range rows {
		if len(row) == len(rows[0]) {
			same++
		}
	}
	return float64(same) / float64(len(rows))
}

// sniffQuoting tells what double quotes mean. In files with commas they part fields from each other, as RFC 4180 says. In others they
// do so only if every field that begins with a quote is wholly quoted, and no quoted field swallows rows: the whole file is looked
// at, if it has a quote.
func sniffQuoting(s source, encoding, delimiter string, quotes bool) (Quoting, error) {
	if delimiter == "," || !quotes {
		return QuotingCSV, nil
	}
	count := func(quoting Quoting) (n records, err error) {
		err = s.read(io.Discard, func(r io.Reader) error {
			decoded, err := decoding(r, encoding)
			if err == nil {
				n.broken = eachRecord(decoded, delimiter, quoting, n.add) != nil
			}
			return err
		})
		return n, err
	}
	quoted, err := count(QuotingCSV)
	if err != nil {
		return "", err
	}
	plain, err := count(QuotingPlain)
	if err != nil {
		return "", err
	}
	if quoted.broken || quoted.uneven > 0 || plain.uneven == 0 && !plain.broken && quoted.count < plain.count {
		return QuotingPlain, nil
	}
	return QuotingCSV, nil
}

// records counts what a way of quoting makes of a file.
type records struct {
	count, width, uneven int
	broken               bool
}

func (r *records) add(_ int, record []string) error {
	if r.count++; r.width == 0 {
		r.width = len(record)
	}
	if len(record) != r.width {
		r.uneven++
	}
	return nil
}
