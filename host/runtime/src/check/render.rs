//! Types as WIT writes them.

use wit_parser::{Function, Handle, Resolve, Type, TypeDef, TypeDefKind};

/// A type by its name, or by its structure where it has none.
pub(super) fn type_name(resolve: &Resolve, of: &Type) -> String {
    let id = match of {
        Type::Id(id) => *id,
        primitive => return primitive_name(primitive).to_owned(),
    };
    let definition = &resolve.types[id];
    match &definition.name {
        Some(name) => name.clone(),
        None => structure(resolve, definition),
    }
}

/// A type, or nothing where there is none.
fn or_nothing(resolve: &Resolve, of: Option<&Type>) -> String {
    of.map_or_else(|| "_".to_owned(), |of| type_name(resolve, of))
}

fn structure(resolve: &Resolve, definition: &TypeDef) -> String {
    match &definition.kind {
        TypeDefKind::Option(of) => format!("option<{}>", type_name(resolve, of)),
        TypeDefKind::List(of) => format!("list<{}>", type_name(resolve, of)),
        TypeDefKind::Result(of) => match (&of.ok, &of.err) {
            (None, None) => "result".to_owned(),
            (ok, None) => format!("result<{}>", or_nothing(resolve, ok.as_ref())),
            (ok, err) => format!(
                "result<{}, {}>",
                or_nothing(resolve, ok.as_ref()),
                or_nothing(resolve, err.as_ref())
            ),
        },
        TypeDefKind::Tuple(of) => {
            let types: Vec<String> = of.types.iter().map(|of| type_name(resolve, of)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id)) => {
            format!("own<{}>", type_name(resolve, &Type::Id(*id)))
        }
        TypeDefKind::Handle(Handle::Borrow(id)) => {
            format!("borrow<{}>", type_name(resolve, &Type::Id(*id)))
        }
        TypeDefKind::Type(of) => type_name(resolve, of),
        other => other.as_str().to_owned(),
    }
}

/// `func(context: context) -> string`.
pub(super) fn function(resolve: &Resolve, function: &Function) -> String {
    let parameters: Vec<String> = function
        .params
        .iter()
        .map(|parameter| format!("{}: {}", parameter.name, type_name(resolve, &parameter.ty)))
        .collect();
    let word = if function.kind.is_async() {
        "async func"
    } else {
        "func"
    };
    let result = match &function.result {
        Some(result) => format!(" -> {}", type_name(resolve, result)),
        None => String::new(),
    };
    format!("{word}({}){result}", parameters.join(", "))
}

fn primitive_name(of: &Type) -> &'static str {
    match of {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(_) => "type",
    }
}
