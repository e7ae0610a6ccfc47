package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"mslora/internal/testset"
)

// repeat writes n rows; in each %d is the row's number and %s one of two labels.
func repeat(n int, row string, labels ...string) string {
	var out strings.Builder
	for i := range n {
		out.WriteString(strings.NewReplacer("%d", fmt.Sprint(i), "%s", labels[i%len(labels)]).Replace(row) + "\n")
	}
	return out.String()
}

// encode16 writes UTF-16 with the low byte first.
func encode16(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

func TestSniff(t *testing.T) {
	const n = 20
	for _, test := range []struct {
		name, file, content string
		reading             Reading
		first               NamedText // of n rows
		understood          string
	}{
		{name: "as it should be", file: "a.csv", content: "text,label\n" + repeat(n, "row %d,%s", "a", "b"), first: NamedText{Text: "row 0", Label: "a", Line: 2}},
		{
			name: "plain quotes in TSV", file: "a.tsv", content: "text\tlabel\n" + repeat(n, `he said "fine" %d`+"\t%s", "a", "b"),
			first: NamedText{Text: `he said "fine" 0`, Label: "a", Line: 2}, understood: `tab-separated, quotes are plain characters, header, utf-8; text: "text", label: "label"`,
		},
		{
			name: "two unbalanced quotes swallow nothing", file: "a.tsv", content: "text\tlabel\n" + "\"To be, said he\ta\n" + repeat(n-2, "row %d\t%s", "a", "b") + "the end\"\tb\n",
			first: NamedText{Text: `"To be, said he`, Label: "a", Line: 2}, understood: `tab-separated, quotes are plain characters, header, utf-8; text: "text", label: "label"`,
		},
		{name: "quoted TSV", file: "a.tsv", content: "text\tlabel\n" + repeat(n, `"say ""no"" %d`+"\n"+`now"`+"\t%s", "a", "b"), first: NamedText{Text: "say \"no\" 0\nnow", Label: "a", Line: 2}},
		{
			name: "no header", file: "a.tsv", content: repeat(n, "row %d\t%s", "a", "b"),
			first: NamedText{Text: "row 0", Label: "a", Line: 1}, understood: "tab-separated, fields may be quoted, no header, utf-8; text: column 1, label: column 2",
		},
		{
			name: "no header, label first, number", file: "a.csv", content: repeat(n, `"%s","a title, %d","and a longer description, %d"`, "3", "4"), reading: Reading{Text: "2,3"},
			first: NamedText{Text: "a title, 0 and a longer description, 0", Label: "3", Line: 1}, understood: "comma-separated, fields may be quoted, no header, utf-8; text: column 2 + column 3, label: column 1",
		},
		{
			name: "semicolons", file: "a.csv", content: "text;label\n" + repeat(n, "good, really, %d;%s", "a", "b"),
			first: NamedText{Text: "good, really, 0", Label: "a", Line: 2}, understood: `semicolon-separated, fields may be quoted, header, utf-8; text: "text", label: "label"`,
		},
		{
			name: "bars", file: "a.txt", content: "text|label\n" + repeat(n, "row %d|%s", "a", "b"),
			first: NamedText{Text: "row 0", Label: "a", Line: 2}, understood: `bar-separated, fields may be quoted, header, utf-8; text: "text", label: "label"`,
		},
		{
			name: "many columns", file: "a.csv", content: "id,count,hate_speech,neither,class,tweet\n" + repeat(n, "%d,3,0,0,%s,hello %d", "0", "1"),
			first: NamedText{Text: "hello 0", Label: "0", Line: 2}, understood: `comma-separated, fields may be quoted, header, utf-8; text: "tweet", label: "class"`,
		},
		{
			name: "spam's v1 and v2, Latin-1", file: "spam.csv", content: "v1,v2,,,\n" + repeat(n, "%s,caf\xe9 %d,,,", "ham", "spam"),
			first: NamedText{Text: "café 0", Label: "ham", Line: 2}, understood: `comma-separated, fields may be quoted, header, windows-1252; text: "v2", label: "v1"`,
		},
		{
			name: "title and description", file: "ag.csv", content: "Class Index,Title,Description\n" + repeat(n, "%s,News %d,More of it", "1", "2"),
			first: NamedText{Text: "News 0 More of it", Label: "1", Line: 2}, understood: `comma-separated, fields may be quoted, header, utf-8; text: "Title" + "Description", label: "Class Index"`,
		},
		{
			name: "airline tweets", file: "a.csv", content: "tweet_id,airline_sentiment,airline_sentiment_confidence,airline,name,text\n" + repeat(n, "%d,%s,1.0,United,joe,late again %d", "negative", "neutral"),
			first: NamedText{Text: "late again 0", Label: "negative", Line: 2}, understood: `comma-separated, fields may be quoted, header, utf-8; text: "text", label: "airline_sentiment"`,
		},
		{
			name: "index of pandas", file: "a.csv", content: "Unnamed: 0,text,label\n" + repeat(n, "%d,row %d,%s", "a", "b"),
			first: NamedText{Text: "row 0", Label: "a", Line: 2},
		},
		{name: "pandas without names", file: "a.csv", content: ",0,1,2\n" + repeat(n, "%d,row %d,%s,0", "0", "1"), first: NamedText{Text: "row 0", Label: "0", Line: 2}},
		{
			name: "columns by what they hold", file: "a.csv", content: "id,remark,verdict\n" + repeat(n, "%d,what a day %d,%s", "good", "bad"),
			first: NamedText{Text: "what a day 0", Label: "good", Line: 2}, understood: `comma-separated, fields may be quoted, header, utf-8; text: "remark", label: "verdict"`,
		},
		{
			name: "UTF-16 with a mark", file: "a.csv", content: "\xff\xfe" + encode16("text\tlabel\n"+repeat(n, "né %d\t%s", "a", "b")),
			first: NamedText{Text: "né 0", Label: "a", Line: 2}, understood: `tab-separated, fields may be quoted, header, utf-16le; text: "text", label: "label"`,
		},
		{
			name: "UTF-16 without a mark", file: "a.csv", content: encode16("text,label\n" + repeat(n, "row %d,%s", "a", "b")),
			first: NamedText{Text: "row 0", Label: "a", Line: 2}, understood: `comma-separated, fields may be quoted, header, utf-16le; text: "text", label: "label"`,
		},
		{
			name: "an encoding that is named", file: "a.csv", content: "text,label\n" + repeat(n, "\xb5\xe7 %d,%s", "a", "b"), reading: Reading{Encoding: "gb18030"},
			first: NamedText{Text: "电 0", Label: "a", Line: 2},
		},
		{
			name: "text@label", file: "a.txt", content: repeat(n, "Profit rose, by %d .@%s", "positive", "neutral"),
			first: NamedText{Text: "Profit rose, by 0 .", Label: "positive", Line: 1}, understood: "text@label, utf-8",
		},
		{
			name: "TREC", file: "train.txt", content: repeat(n, "%s How many are %d ?", "NUM:count", "DESC:manner"),
			first: NamedText{Text: "How many are 0 ?", Label: "NUM:count", Line: 1}, understood: "label, space, text, utf-8",
		},
		{
			name: "fastText", file: "train.txt", content: repeat(n, "__label__%s row, of %d", "a", "b"),
			first: NamedText{Text: "row, of 0", Label: "a", Line: 1}, understood: "fastText's __label__, utf-8",
		},
		{
			name: "JSON keys", file: "a.ndjson", content: repeat(n, `{"id": %d, "review": "row %d", "stars": %s}`, "1", "5"),
			first: NamedText{Text: "row 0", Label: "1", Line: 1}, understood: `JSON lines, utf-8; text: "review", label: "stars"`,
		},
		{
			name: "told", file: "a.csv", content: repeat(n, "x|%s|row %d", "a", "b"), reading: Reading{Delimiter: "|", NoHeader: true, Text: "3", Label: "2", Quoting: QuotingPlain},
			first: NamedText{Text: "row 0", Label: "a", Line: 1},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var rows []NamedText
			file, err := eachRow(memory(test.file, test.content), test.reading, wanted{label: true}, func(row NamedText) error {
				rows = append(rows, row)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != n || rows[0] != test.first {
				t.Errorf("%d rows, the first %+v, want %+v", len(rows), rows[0], test.first)
			}
			if file.Understood != test.understood {
				t.Errorf("understood\n got %s\nwant %s", file.Understood, test.understood)
			}
		})
	}
}

func TestSniffErrors(t *testing.T) {
	const n = 20
	for _, test := range []struct{ name, file, content, message, hint string }{
		{
			"header or row", "a.csv", "good film,fine\nbad film,poor\n", `a.csv: the first line may be a header or a row: row 1 has 1 "good film", 2 "fine"; row 2 has 1 "bad film", 2 "poor"`,
			"give --no-header, or the columns with --text-column and --label-column, by name or by number from 1",
		},
		{
			"two labels", "a.csv", "text,left,right\n" + repeat(n, "row %d,%s,%s", "a", "b"), `a.csv: line 1: cannot tell which column is the label: row 1 has 1 "text", 2 "left", 3 "right"; row 2 has 1 "row 0", 2 "a", 3 "a"`,
			"name it with --label-column, by name or by number from 1",
		},
		{
			"neither UTF-8 nor Latin-1", "a.csv", "text,label\n" + repeat(n, "\xb5\xe7\xb5\xe7 %d,%s", "a", "b"), "a.csv: the file is not valid UTF-8, and not Latin-1 by what its bytes are",
			"name it with --encoding, for example gb18030, big5, shift_jis, koi8-r or windows-1251",
		},
		{
			"UTF-8 with two bad rows", "a.csv", "text,label\nna\xc3,a\n" + repeat(n, "naïve %d,%s", "a", "b") + "\xf0\x9f,b\n", "a.csv: line 2: the text is not valid UTF-8; line 23: the text is not valid UTF-8",
			"save the file as UTF-8 with the broken characters written again, or leave such rows out with --skip-bad; if the whole file is in another encoding, name it with --encoding",
		},
		{
			"many faults", "a.csv", "text,label\n" + repeat(5, "row,%d,%s", "a", "b"), `a.csv: line 2: expected 2 columns as in the header, found 3; line 3: expected 2 columns as in the header, found 3; ` +
				`line 4: expected 2 columns as in the header, found 3; and 2 more; 5 rows cannot be used`,
			"put texts that hold a separator or a line break in double quotes",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := eachRow(memory(test.file, test.content), Reading{}, wanted{label: true}, func(NamedText) error { return nil })
			testset.CheckError(t, err, test.message, test.hint)
		})
	}
}

// Rows that are left out are counted, and the others are those of a file without them.
func TestSkip(t *testing.T) {
	content := "text,label\none,a\n ,b\ntwo,b\nx,y,z\nthree,\nfour,a\n"
	var texts []string
	file, err := eachRow(memory("a.csv", content), Reading{SkipEmpty: true, SkipBad: true}, wanted{label: true}, func(t NamedText) error {
		texts = append(texts, t.Text)
		return nil
	})
	if err != nil || !slices.Equal(texts, []string{"one", "two", "four"}) || file.Empty != 1 || file.Bad != 2 || file.Rows != 3 {
		t.Errorf("%q, %+v: %v", texts, file, err)
	}
}
