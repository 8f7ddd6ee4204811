package specdoc

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// words rewrites Go doc comments in the words of a stack file, whose reader knows keys and not Go names.
type words struct {
	// keys maps the Go names of an object's fields to their keys.
	keys map[string]string
	// values are those of an enumeration, which stay as they are written.
	values []string
}

// brands are Go names that are also the proper names or abbreviations of things; in a text they mean the thing.
var brands = []string{
	"ASN", "BGP", "Ceph", "Cilium", "Cloudflare", "DHCP", "Flux", "GitHub", "Hubble", "Longhorn", "MAC", "MTU", "OIDC",
	"SOPS", "STP", "UI", "URL", "UniFi", "VIP", "VLAN", "WWID", "ZFS", "Zone",
}

var goWord = regexp.MustCompile(`[A-Z][A-Za-z0-9]*(\.[A-Z][A-Za-z0-9]*)*`)

// field rewrites the comment of a field: "Address is the node's main address" → "The node's main address",
// and names of other fields become keys.
func (w words) field(name, doc string) string {
	if rest, ok := strings.CutPrefix(doc, name+" "); ok && !strings.HasPrefix(rest, "of ") {
		doc = rest
	}
	for _, verb := range []string{"is ", "are "} {
		if rest, ok := strings.CutPrefix(doc, verb); ok {
			doc = rest
			break
		}
	}
	doc = w.keysIn(doc)
	if first, _, _ := strings.Cut(doc, " "); slices.Contains(w.values, strings.TrimSuffix(first, ",")) {
		return doc
	}
	return capital(doc)
}

// human is a Go type's name as words: "BGPPeer" → "BGP peer".
func human(name string) string {
	var out []rune
	letters := []rune(name)
	for i, r := range letters {
		begins := i > 0 && unicode.IsUpper(r) &&
			(!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			out = append(out, ' ')
		}
		if i+1 < len(letters) && unicode.IsLower(letters[i+1]) {
			r = unicode.ToLower(r)
		}
		out = append(out, r)
	}
	return string(out)
}

// keysIn replaces the Go names of sibling fields by `keys`.
func (w words) keysIn(doc string) string {
	var b strings.Builder
	last := 0
	for _, at := range goWord.FindAllStringIndex(doc, -1) {
		word := doc[at[0]:at[1]]
		first, rest, dotted := strings.Cut(word, ".")
		key, known := w.keys[first]
		switch {
		case !known, !dotted && slices.Contains(brands, word), !dotted && startsSentence(doc, at[0]) && !camel(word):
			continue
		case dotted:
			key += "." + lowerFirst(rest)
		}
		b.WriteString(doc[last:at[0]] + "`" + key + "`")
		last = at[1]
	}
	return b.String() + doc[last:]
}

// startsSentence reports whether a capital at i is there for grammar's sake.
func startsSentence(doc string, i int) bool {
	before := strings.TrimRight(doc[:i], " ")
	return before == "" || strings.HasSuffix(before, ".") || strings.HasSuffix(before, ":")
}

// camel reports whether a word has a capital inside, as no English word has.
func camel(word string) bool { return strings.ContainsFunc(word[1:], unicode.IsUpper) }

// capital begins a text as a sentence, unless its first word is a name that is written small.
func capital(s string) string {
	first, _, _ := strings.Cut(s, " ")
	if first == "" || strings.ContainsAny(first, "-`") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

var defaultSentence = regexp.MustCompile(`(?:^|\s)Default( there)?: `)

// cutDefault takes the sentence that states the default out of a text: "The branch. Default: main." →
// "The branch.", "main". A default that the sentence before makes conditional ("in 802.3ad. Default there:
// fast") keeps the word.
func cutDefault(doc string) (rest, value string) {
	at := defaultSentence.FindStringSubmatchIndex(doc)
	if at == nil {
		return doc, ""
	}
	value = doc[at[1]:]
	tail := ""
	for i := 0; i+2 < len(value); i++ {
		if value[i] == '.' && value[i+1] == ' ' && unicode.IsUpper(rune(value[i+2])) {
			value, tail = value[:i], value[i+1:]
			break
		}
	}
	if at[2] >= 0 {
		value = "there: " + value
	}
	return strings.TrimSpace(doc[:at[0]] + tail), strings.TrimSuffix(value, ".")
}

var bareURL = regexp.MustCompile(`\((https?://[^\s)]+)\)`)

// plain is a text for the schema: editors show backticks as they stand.
func plain(s string) string { return strings.ReplaceAll(s, "`", "") }
