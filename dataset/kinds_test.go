package dataset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"mslora/internal/hint"
)

// parquetRow is a row as Hugging Face's datasets writes it.
type parquetRow struct {
	Text  *string `parquet:"text,optional"`
	Label int64   `parquet:"label"`
	Tags  []int64 `parquet:"tags,list"`
}

func parquetText(t testing.TB, rows int, metadata string) string {
	t.Helper()
	var b bytes.Buffer
	writer := parquet.NewGenericWriter[parquetRow](&b, parquet.KeyValueMetadata("huggingface", metadata))
	for i := range rows {
		text := fmt.Sprintf("the \"row\" %d\n\té", i)
		if _, err := writer.Write([]parquetRow{{&text, int64(i % 2), []int64{1, 2}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(content)) // a buffer takes all
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t testing.TB, content string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(content), nil))
}

func readAll(name, content string, c Reading) (rows []NamedText, file File, err error) {
	file, err = eachRow(memory(name, content), c, wanted{label: !c.Unlabelled}, func(row NamedText) error {
		rows = append(rows, row)
		return nil
	})
	return rows, file, err
}

// Every kind of file gives the same rows, and the checksum of its bytes.
func TestKinds(t *testing.T) {
	csv := "text,label\none,a\n\"two, or\",b\n"
	want := []NamedText{{Text: "one", Label: "a"}, {Text: "two, or", Label: "b"}}
	for name, content := range map[string]string{
		"a.csv": csv, "A.CSV.GZ": zipped(t, csv), "a.csv.zst": zstandard(t, csv), "standard-input": csv,
		"a.jsonl":       `{"text": "one", "label": "a"}` + "\n" + `{"text": "two, or", "label": "b"}`,
		"lines.json":    `{"text": "one", "label": "a"}` + "\n" + `{"text": "two, or", "label": "b"}` + "\n",
		"records.json":  `[{"text": "one", "label": "a"}, {"label": "b", "text": "two, or"}]`,
		"columns.json":  `{"text":{"0":"one","1":"two, or"},"label":{"0":"a","1":"b"}}`,
		"index.json":    `{"0":{"text":"one","label":"a"},"1":{"text":"two, or","label":"b"}}`,
		"split.json":    `{"columns":["text","label"],"index":[0,1],"data":[["one","a"],["two, or","b"]]}`,
		"table.json":    `{"schema":{"fields":[]},"data":[{"index":0,"text":"one","label":"a"},{"index":1,"text":"two, or","label":"b"}]}`,
		"arrays.json":   "{\"text\": [\"one\", \"two, or\"],\n\"label\": [\"a\", \"b\"]}",
		"server.json":   `{"features":[],"rows":[{"row_idx":0,"row":{"text":"one","label":"a"}},{"row_idx":1,"row":{"text":"two, or","label":"b"}}]}`,
		"array.json.gz": zipped(t, `[{"text": "one", "label": "a"}, {"label": "b", "text": "two, or"}]`),
	} {
		rows, file, err := readAll(name, content, Reading{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range rows {
			rows[i].Line = 0
		}
		if !slices.Equal(rows, want) || file.SHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(content))) {
			t.Errorf("%s: %+v, %+v", name, rows, file)
		}
	}
}

func TestKindsErrors(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"a.csv.gz", "text,label\n", "a.csv.gz: not a gzip file"},
		{"a.csv.gz", zipped(t, "text,label\na,b\n")[:20], "a.csv.gz: damaged or cut compressed file: unexpected EOF"},
		{"a.csv.zst", "text,label\n", "a.csv.zst: damaged or cut compressed file: "},
		{"a.parquet", "PAR1 but no more", "a.parquet: not a Parquet file"},
		{"a.parquet", "PAR1\xff\xff\xff\x7fPAR1", "a.parquet: not a Parquet file, or a damaged one: the footer claims 2147483647 bytes"},
		{"a.json", "", "a.json: the file is empty"},
		{"a.json", "{\"a\": 1,\n\"b\": 2}", `a.json: the object has no rows: its keys are "a, b"`},
		{"a.json", `{"text": ["a"], "label": ["b", "c"]}`, `a.json: "label" has 2 values, "text" has 1`},
		{"a.json", `[{"text": "a", "label": "b"}, {"text": "a"`, "a.json: not JSON: unexpected EOF"},
		{"a.json", `[{"text": "a", "label": "b"}, {"text": 7, "label": "b"}, 3]`, `a.json: row 2: text is "7", expected a text; row 3: not a JSON object: found a number`},
		{"a.json", `{"columns":["text","label"],"data":[["one","a"],["two"]]}`, "a.json: row 2: not a JSON object: found a array"},
	} {
		_, _, err := readAll(test.name, test.content, Reading{})
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%.40q: %v, want %s", test.content, err, test.want)
		}
		var hinted *hint.Error
		if !errors.As(err, &hinted) {
			t.Errorf("%v has no hint", err)
		}
	}
}

// What a foreign hand made is not unpacked.
func TestUncompressed(t *testing.T) {
	for _, name := range []string{"a.csv.gz", "a.csv.zst", "a.parquet"} {
		_, _, err := readAll(name, "", Reading{Uncompressed: true})
		if err == nil || err.Error() != name+": compressed and Parquet files are not read here" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParquet(t *testing.T) {
	content := parquetText(t, 200, `{"info": {"features": {"text": {"dtype": "string"}, "label": {"names": ["bad", "good"], "_type": "ClassLabel"}}}}`)
	for name, content := range map[string]string{"a.parquet": content, "a.parquet.gz": zipped(t, content)} {
		rows, file, err := readAll(name, content, Reading{})
		if err != nil {
			t.Fatal(err)
		}
		if want := (NamedText{Text: "the \"row\" 199\n\té", Label: "good", Line: 200}); len(rows) != 200 || rows[199] != want {
			t.Errorf("%d rows, the last %+v", len(rows), rows[len(rows)-1])
		}
		if file.SHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(content))) {
			t.Errorf("%+v", file)
		}
	}
	_, _, err := readAll("a.parquet", content, Reading{Label: "tags"})
	if err == nil || !strings.HasPrefix(err.Error(), `a.parquet: row 1: tags is "[1,2]"`) {
		t.Errorf("a list as label: %v", err)
	}
	// On the disk, as numbers.
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, []byte(parquetText(t, 20, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSplit(path, "train", AnyFlags, Reading{}, nil)
	if err != nil || len(s.Texts) != 20 || s.Texts[1].Label != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func FuzzJSONFile(f *testing.F) {
	for _, seed := range []string{
		`[{"text": "a", "label": 1}]`, `{"text":{"0":"one"},"label":{"0":"a"}}`, `{"columns":["text","label"],"data":[["one","a"],[]]}`, `{"data": [{"row": {"text": "a", "label": null}}]}`,
		`{"text": ["a"], "label": [[]]}`, `{"0": {"text": "\ud800", "label": true}}`, `[`, `{"a": {}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		rows, file, err := readAll("a.json", content, Reading{})
		if err == nil && file.Rows != len(rows) {
			t.Errorf("%+v for %d rows of %q", file, len(rows), content)
		}
		for _, row := range rows {
			if CheckText(row.Text) != nil || row.Label == "" {
				t.Errorf("%+v of %q", row, content)
			}
		}
	})
}

func FuzzParquet(f *testing.F) {
	f.Add([]byte(parquetText(f, 3, "")))
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, _, _ := readAll("a.parquet", string(content), Reading{})
		for _, row := range rows {
			if CheckText(row.Text) != nil || row.Label == "" {
				t.Errorf("%+v", row)
			}
		}
	})
}
