//! The XML of AWS's query protocol, as far as it goes: elements with text.

/// Elements in the making.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    /// An element that holds text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.0.push_str(&format!("<{name}>"));
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                other => self.0.push(other),
            }
        }
        self.0.push_str(&format!("</{name}>\n"));
    }

    /// An element that holds others.
    pub(super) fn node(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>\n"));
        inside(self);
        self.0.push_str(&format!("</{name}>\n"));
    }

    /// The whole document: a root in this namespace.
    pub(super) fn document(root: &str, namespace: &str, inside: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self(format!("<{root} xmlns=\"{namespace}\">\n"));
        inside(&mut xml);
        xml.0.push_str(&format!("</{root}>\n"));
        xml.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let document = Xml::document("R", "urn:n", |xml| xml.node("N", |xml| xml.leaf("L", "<a & \"b\">")));
        assert_eq!(document, "<R xmlns=\"urn:n\">\n<N>\n<L>&lt;a &amp; &quot;b&quot;&gt;</L>\n</N>\n</R>\n");
    }
}
