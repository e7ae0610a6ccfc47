package dataset

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"

	"mslora/internal/hint"
)

// headSize is how much of a file is looked at to tell its delimiter, header and columns, in bytes.
const headSize = 1 << 20

// scan is what one pass over a file's bytes tells.
type scan struct {
	head      []byte // the first headSize bytes, or all
	whole     bool   // head is the whole file
	quotes    bool   // a double quote occurs
	multibyte int    // characters of two bytes and more that are valid UTF-8
	invalid   int    // bytes that are not
	runs      int    // of these, such that stand beside another
}

func (s *scan) read(r io.Reader) error {
	head, err := io.ReadAll(io.LimitReader(r, headSize))
	if err != nil {
		return err
	}
	s.head, s.whole = head, len(head) < headSize
	rest := s.count(head, s.whole)
	if s.whole {
		return nil
	}
	buffer := make([]byte, headSize)
	for {
		kept := copy(buffer, rest)
		n, err := io.ReadFull(r, buffer[kept:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		rest = slices.Clone(s.count(buffer[:kept+n], err != nil))
		if err != nil {
			return nil
		}
	}
}

// count looks at a piece of the file and gives its last bytes if they may be the begin of a character.
func (s *scan) count(piece []byte, last bool) (rest []byte) {
	before := -2
	for i := 0; i < len(piece); {
		b := piece[i]
		if b < utf8.RuneSelf {
			s.quotes = s.quotes || b == '"'
			i++
			continue
		}
		if !last && !utf8.FullRune(piece[i:]) {
			return piece[i:]
		}
		r, size := utf8.DecodeRune(piece[i:])
		if r == utf8.RuneError && size == 1 {
			s.invalid++
			if before == i-1 {
				s.runs++
			}
			before = i
		} else {
			s.multibyte++
		}
		i += size
	}
	return nil
}

// encoding tells in what encoding the bytes are: by a byte order mark, by NUL bytes, by what is valid. A file that is UTF-8 but
// for a few bytes is UTF-8, of which those rows are bad.
func (s *scan) encoding() (string, error) {
	start := string(s.head[:min(3, len(s.head))])
	switch {
	case strings.HasPrefix(start, "\xff\xfe"):
		return "utf-16le", nil
	case strings.HasPrefix(start, "\xfe\xff"):
		return "utf-16be", nil
	case start == "\xef\xbb\xbf" || s.invalid == 0 && !s.everySecondIsNUL(0) && !s.everySecondIsNUL(1):
		return "utf-8", nil
	case s.everySecondIsNUL(1):
		return "utf-16le", nil
	case s.everySecondIsNUL(0):
		return "utf-16be", nil
	case s.multibyte >= s.invalid:
		return "utf-8", nil
	case s.runs*2 > s.invalid || slices.ContainsFunc(s.head, func(b byte) bool { return strings.IndexByte("\x81\x8d\x8f\x90\x9d", b) >= 0 }):
		return "", hint.New("name it with --encoding, for example gb18030, big5, shift_jis, koi8-r or windows-1251", "the file is not valid UTF-8, and not Latin-1 by what its bytes are")
	}
	return "windows-1252", nil
}

// everySecondIsNUL tells whether most bytes at even (0) or odd (1) places are NUL, as in UTF-16 of Western texts.
func (s *scan) everySecondIsNUL(parity int) bool {
	count := 0
	for i := parity; i < len(s.head); i += 2 {
		if s.head[i] == 0 {
			count++
		}
	}
	return len(s.head) >= 4 && count*5 > len(s.head)*2
}

// decoding turns bytes of an encoding into UTF-8. UTF-8 stays as it is, with what is not valid.
func decoding(r io.Reader, name string) (io.Reader, error) {
	if name == "utf-8" {
		return skipBOM(r), nil
	}
	found, err := findEncoding(name)
	if err != nil {
		return nil, err
	}
	return skipBOM(transform.NewReader(r, found.NewDecoder())), nil
}

func findEncoding(name string) (encoding.Encoding, error) {
	if strings.EqualFold(name, "latin-1") {
		name = "latin1"
	}
	found, err := htmlindex.Get(name)
	if err != nil {
		return nil, hint.New("for example utf-8, utf-16le, latin-1, windows-1252 or gb18030", "unknown encoding %s", hint.Quote(name))
	}
	return found, nil
}

// canonicalEncoding is the name under which encodings compare.
func canonicalEncoding(name string) (string, error) {
	found, err := findEncoding(name)
	if err != nil {
		return "", err
	}
	return htmlindex.Name(found)
}
