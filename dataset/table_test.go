package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"mslora/internal/hint"
	"mslora/internal/testset"
)

type numbered struct {
	Line int
	Text
}

// memory is a file that lies in memory.
func memory(name, content string) source {
	return newSource(name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil })
}

// readMemory reads a file in memory with numbers as labels and with poison flags.
func readMemory(name, content string) (rows []numbered, err error) {
	_, err = eachRow(memory(name, content), Reading{}, wanted{label: true, flag: true}, func(t NamedText) error {
		label, err := parseLabel(t.Label)
		if err != nil {
			return BadRow(err)
		}
		rows = append(rows, numbered{t.Line, Text{t.Text, label, t.Poisoned}})
		return nil
	})
	if err != nil {
		var hinted *hint.Error
		if errors.As(err, &hinted) {
			return nil, &hint.Error{Err: errors.New(strings.TrimPrefix(err.Error(), name+": ")), Hint: hinted.Hint}
		}
	}
	return rows, err
}

func readTableText(text string, comma rune) ([]numbered, error) {
	if comma == '\t' {
		return readMemory("a.tsv", text)
	}
	return readMemory("a.csv", text)
}

func TestReadTable(t *testing.T) {
	for _, test := range []struct {
		name, text string
		comma      rune
		want       []numbered
	}{
		{"pandas", ",0,1,2\n0,\"a , b\",1,0\n1,c d,0,1\n", ',', []numbered{{2, Text{"a , b", 1, false}}, {3, Text{"c d", 0, true}}}},
		{"pandas without index", "0,1,2\na,1,0\n", ',', []numbered{{2, Text{"a", 1, false}}}},
		{"named columns in any order", "label,poisoned,text\n2,true,x\n", ',', []numbered{{2, Text{"x", 2, true}}}},
		{"capital names", "Text,Label\nx,0\n", ',', []numbered{{2, Text{"x", 0, false}}}},
		{"float labels and flags", ",0,1,2\n0,a,1.0,0.0\n1,b,0.0,1.0\n", ',', []numbered{{2, Text{"a", 1, false}}, {3, Text{"b", 0, true}}}},
		{"quotes, and lines counted through a text of two", "text,label\n\"say \"\"no\"\"\nand go\",0\nz,1\n", ',', []numbered{{2, Text{"say \"no\"\nand go", 0, false}}, {4, Text{"z", 1, false}}}},
		{"byte order mark, Windows line ends, no last one", "\ufefftext,label\r\na,0\r\nb,1", ',', []numbered{{2, Text{"a", 0, false}}, {3, Text{"b", 1, false}}}},
		{"blank lines", "text,label\n\na,0\n\n", ',', []numbered{{3, Text{"a", 0, false}}}},
		{"tabs", "text\tlabel\na, \"\tb\"\n", '\t', nil},
		{"tab file with commas", "text\tlabel\na , b\t1\n\"c\td\"\t0\n", '\t', []numbered{{2, Text{"a , b", 1, false}}, {3, Text{"c\td", 0, false}}}},
		{"spaces are kept", "text,label\n  a  b ,1\n", ',', []numbered{{2, Text{"  a  b ", 1, false}}}},
		{"words that pandas takes for nothing", "text,label\nnan,1\nnull,0\n", ',', []numbered{{2, Text{"nan", 1, false}}, {3, Text{"null", 0, false}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := readTableText(test.text, test.comma)
			if test.want == nil {
				if err == nil {
					t.Fatalf("got %v, want an error", rows)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(rows, test.want) {
				t.Errorf("got %+v, want %+v", rows, test.want)
			}
		})
	}
}

func TestReadTableErrors(t *testing.T) {
	const (
		names = "name it with --text-column or --label-column; the file's first line names its columns"
		twice = `inside a quoted text write each double quote twice: "she said ""no"""; or give --quoting plain if quotes are characters like others`
		bare  = `put the whole text in double quotes and write its own quotes twice: "she said ""no"""; or give --quoting plain if quotes are characters like others`
		wide  = "put texts that hold a separator or a line break in double quotes"
		utf   = "save the file as UTF-8 with the broken characters written again, or leave such rows out with --skip-bad; if the whole file is in another encoding, name it with --encoding"
	)
	for _, test := range []struct{ name, text, message, hint string }{
		{"empty file", "", "the file is empty", "the first line names the columns: text,label"},
		{"twice", "text,label,text\n", `line 1: column "text" is there twice`, "rename one of them, or give its number from 1 with --no-header"},
		{"no text", "label\n", `line 1: there is no column "text", the file has "label"`, names},
		{"no label", "text\n", `line 1: there is no column "label", the file has "text"`, names},
		{"too few", "text,label\na,0\nb\n", "line 3: expected 2 columns as in the header, found 1", wide},
		{"too many", "text,label\na, b,0\n", "line 2: expected 2 columns as in the header, found 3", wide},
		{"bare quote", "text,label\na \"b\",0\n", "line 2, column 3: double quote in a text that is not quoted", bare},
		{"quote not doubled", "text,label\n\"a \"b\" c\",0\n", "line 2, column 4: malformed or unclosed double quote in the row that starts on line 2", twice},
		{"quote not closed", "text,label\nx,1\n\"a,0\nb,0\n", "line 4, column 5: malformed or unclosed double quote in the row that starts on line 3", twice},
		{"word label", "text,label\na,0\nb,good\n", `line 3: label "good" is not a number`, numberClasses},
		{"empty label", "text,label\na,\n", "line 2: the label is empty", "remove the row or write its label"},
		{"long word label", "text,label\na," + strings.Repeat("x", 50) + "\n", `line 2: label "` + strings.Repeat("x", 40) + `…" is not a number`, numberClasses},
		{"negative", "text,label\na,-1\n", "line 2: label -1 is negative", numberClasses},
		{"fraction", "text,label\na,0.5\n", "line 2: label 0.5 is not a class number", numberClasses},
		{"infinite", "text,label\na,inf\n", "line 2: label +Inf is not a class number", numberClasses},
		{"pandas' nothing", "text,label\na,nan\n", "line 2: label NaN is not a class number", numberClasses},
		{"huge", "text,label\na,1e30\n", "line 2: label 1e+30 is not a class number", numberClasses},
		{"flag", ",0,1,2\n0,a,1,2\n", `line 2: poison flag "2" is neither 0 nor 1`, "write 1 for a poisoned text and 0 for a clean one"},
		{"NUL", "text,label\na\x00b,0\n", "line 2: the text has a NUL byte", "remove the NUL bytes; tokenizers lose what follows them"},
		{"a cut character", "text,label\ncaf\xe9,0\né,1\n", "line 2: the text is not valid UTF-8", utf},
		{"too long", "text,label\na,0\n\"" + strings.Repeat("b", LongestRow+8192) + "\",0\n", fmt.Sprintf("the row that starts at byte 15 is longer than %d bytes", LongestRow), "look there for a double quote that is not closed; or give --quoting plain if quotes are characters like others"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := readTableText(test.text, ',')
			testset.CheckError(t, err, test.message, test.hint)
		})
	}
}

// Rows just below the limit are read, however many there are.
func TestReadTableLongRows(t *testing.T) {
	text := strings.Repeat("b", LongestRow-10000)
	rows, err := readTableText("text,label\n"+strings.Repeat(text+",0\n", 3), ',')
	if err != nil || len(rows) != 3 || rows[2].Text.Text != text {
		t.Errorf("got %d rows, error %v", len(rows), err)
	}
}

// A row that is accepted is usable, and survives writing and reading.
func FuzzReadTable(f *testing.F) {
	for _, seed := range []string{
		",0,1,2\n0,\"a , \"\"b\"\"\nc\",1,0\n1,d,0.0,1\n", "text,label\na,0\n", "text\tlabel\tpoisoned\nx\t1\ttrue\n",
		"\ufefflabel,text\r\n3,\"\"\r\n", "text,label\n\"a", "text,label\n\x00,1\n", "text,label\n\xff,-1\n", ",0,1\n", "text,label\na\rb,1\n",
	} {
		f.Add(seed, strings.Contains(seed, "\t"))
	}
	f.Fuzz(func(t *testing.T, text string, tabs bool) {
		comma := ','
		if tabs {
			comma = '\t'
		}
		rows, err := readTableText(text, comma)
		if err != nil {
			return
		}
		var texts []Text
		for _, row := range rows {
			if CheckText(row.Text.Text) != nil || row.Label < 0 || row.Line < 1 {
				t.Fatalf("accepted %+v", row)
			}
			texts = append(texts, row.Text)
		}
		again, err := readTableText(string(EncodeCSV(texts)), ',')
		if err != nil || len(again) != len(rows) {
			t.Fatalf("reading back %+v: %d rows, error %v", texts, len(again), err)
		}
		for i, row := range again {
			row.Text.Text = strings.ReplaceAll(row.Text.Text, "\r", "") // \r\n becomes \n
			texts[i].Text = strings.ReplaceAll(texts[i].Text, "\r", "")
			if row.Text != texts[i] {
				t.Fatalf("wrote %+v, read %+v", texts[i], row.Text)
			}
		}
	})
}
