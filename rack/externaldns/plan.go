package externaldns

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Record is a DNS record.
type Record struct {
	// Name is the whole name.
	Name, Type, Content string
	Proxied             bool
}

// Changes make the records what the endpoints ask for. What is to be deleted comes first.
type Changes struct{ Delete, Upsert []Record }

// Plan compares the endpoints with what there is. It changes what its own TXT records name, and makes what nobody has.
func Plan(a *Args, endpoints []Endpoint, existing []Record) (c Changes) {
	owners := owners(a.Prefix, existing)
	own := func(r Record) bool { return owners[[2]string{r.Name, r.Type}] == a.Owner }
	rows := map[string][]Record{}
	for _, r := range existing {
		if managed(r.Type) && a.mayTouch(r.Name) {
			rows[r.Name] = append(rows[r.Name], r)
		}
	}
	wanted := map[string]bool{}
	for _, e := range endpoints {
		wanted[e.Name+"/"+e.Type] = true
		var same []Record
		for _, r := range rows[e.Name] {
			if r.Type == e.Type {
				same = append(same, r)
			}
		}
		switch {
		// The name is somebody else's, or this record of it.
		case len(same) > 0 && !own(same[0]), slices.ContainsFunc(rows[e.Name], func(r Record) bool { return !own(r) }):
		case len(same) == 0:
			c.Upsert = append(c.Upsert, e.records(a)...)
		case a.Policy != "create-only" && !e.is(same):
			for _, r := range same {
				if !slices.Contains(e.Targets, r.Content) {
					c.Delete = append(c.Delete, r)
				}
			}
			c.Upsert = append(c.Upsert, e.records(a)...)
		}
	}
	if a.Policy != "sync" {
		return c
	}
	gone := map[[2]string]bool{}
	for _, r := range existing {
		if managed(r.Type) && a.mayTouch(r.Name) && own(r) && !wanted[r.Name+"/"+r.Type] {
			c.Delete = append(c.Delete, r)
			gone[[2]string{r.Name, r.Type}] = true
		}
	}
	for _, r := range existing {
		if name, recordType, ok := owned(a.Prefix, r); ok && gone[[2]string{name, recordType}] {
			c.Delete = append(c.Delete, r)
		}
	}
	return c
}

func managed(recordType string) bool {
	return recordType == "A" || recordType == "AAAA" || recordType == "CNAME"
}

// is reports whether records are what the endpoint asks for.
func (e Endpoint) is(records []Record) bool {
	var contents []string
	for _, r := range records {
		if r.Proxied != e.Proxied {
			return false
		}
		contents = append(contents, r.Content)
	}
	slices.Sort(contents)
	return slices.Equal(contents, e.Targets)
}

// records are those of an endpoint, with the TXT record that says whose they are.
func (e Endpoint) records(a *Args) []Record {
	var out []Record
	for _, target := range e.Targets {
		out = append(out, Record{Name: e.Name, Type: e.Type, Content: target, Proxied: e.Proxied})
	}
	return append(out, Record{
		Name: txtName(a.Prefix, e.Name, e.Type), Type: "TXT",
		Content: fmt.Sprintf(`"heritage=external-dns,external-dns/owner=%s,external-dns/resource=%s"`, a.Owner, e.Resource),
	})
}

// txtName is the name of the TXT record of another one. That of a zone's own name is in front of its first label as well,
// and so in no zone of the same owner: such a record is made, and belongs to nobody from then on
// (https://github.com/kubernetes-sigs/external-dns/blob/master/docs/registry/txt.md).
func txtName(prefix, name, recordType string) string {
	return prefix + strings.ToLower(recordType) + "-" + name
}

var heritage = regexp.MustCompile(`^"?heritage=external-dns,(?:.*,)?external-dns/owner=([^,"]+)`)

// owned is what a TXT record says is somebody's.
func owned(prefix string, r Record) (name, recordType string, ok bool) {
	rest, prefixed := strings.CutPrefix(r.Name, prefix)
	if r.Type != "TXT" || !prefixed || !heritage.MatchString(r.Content) {
		return "", "", false
	}
	kind, name, ok := strings.Cut(rest, "-")
	return name, strings.ToUpper(kind), ok && managed(strings.ToUpper(kind))
}

// owners are the owners of records, by name and type.
func owners(prefix string, existing []Record) map[[2]string]string {
	out := map[[2]string]string{}
	for _, r := range existing {
		if name, recordType, ok := owned(prefix, r); ok {
			out[[2]string{name, recordType}] = heritage.FindStringSubmatch(r.Content)[1]
		}
	}
	return out
}
