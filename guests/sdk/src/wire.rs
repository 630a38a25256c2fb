//! Makes the structs of wire formats: borrowed, members in any order, and what is not named is kept.
//!
//! Serde's own `flatten` would do if it went together with [`RawValue`](crate::json::RawValue); it
//! does not, and it buffers.

use crate::json::Str;

/// Defines structs that are read from and written as JSON objects. A member that is not named goes
/// to `rest` and is written after the others. A missing member is its default, unless the struct `needs` it; one
/// that is [absent](Member::absent) is not written. `field as "json": Type` names a member that is no name in Rust;
/// `field by reader: Type` has its value read by that function.
macro_rules! wire {
    ($($(#[$outer:meta])* pub struct $name:ident<$a:lifetime> $(needs $needed:ident)? {
        $($(#[$inner:meta])* $field:ident $(as $json:literal)? $(by $reader:path)? : $type:ty),* $(,)?
    })*) => {$(
        $(#[$outer])*
        #[derive(Clone, Debug, Default)]
        pub struct $name<$a> {
            $($(#[$inner])* pub $field: $type,)*
            /// The members that are not named here, in their order.
            pub rest: $crate::json::Members<$a>,
        }

        impl<'de: $a, $a> ::serde::Deserialize<'de> for $name<$a> {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Object<$a>(::std::marker::PhantomData<&$a ()>);

                impl<'de: $a, $a> ::serde::de::Visitor<'de> for Object<$a> {
                    type Value = $name<$a>;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<M: ::serde::de::MapAccess<'de>>(
                        self,
                        mut map: M,
                    ) -> Result<$name<$a>, M::Error> {
                        let mut read = $name::default();
                        while let Some(name) = map.next_key::<$crate::json::Str<$a>>()? {
                            match &*name {
                                $($crate::wire::json_name!($field $($json)?) => {
                                    read.$field = $crate::wire::value!(map $(, $reader)?);
                                })*
                                _ => read.rest.push(name, map.next_value()?),
                            }
                        }
                        $(if read.$needed.is_empty() {
                            return Err(::serde::de::Error::missing_field(stringify!($needed)));
                        })?
                        Ok(read)
                    }
                }

                from.deserialize_map(Object(::std::marker::PhantomData))
            }
        }

        impl ::serde::Serialize for $name<'_> {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;
                let mut map = to.serialize_map(None)?;
                $(if !$crate::wire::Member::absent(&self.$field) {
                    map.serialize_entry($crate::wire::json_name!($field $($json)?), &self.$field)?;
                })*
                for (name, value) in self.rest.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    )*};
}

/// The name of a field in JSON.
macro_rules! json_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $json:literal) => {
        $json
    };
}

/// The value of a field, by the function that reads it, if there is one.
macro_rules! value {
    ($map:ident) => {
        $map.next_value()?
    };
    ($map:ident, $reader:path) => {
        $reader(&mut $map)?
    };
}

pub(crate) use json_name;
pub(crate) use value;
pub(crate) use wire;

/// A value of a member.
pub(crate) trait Member {
    /// Whether there is nothing to write.
    fn absent(&self) -> bool;
}

impl<T> Member for Option<T> {
    fn absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Member for Vec<T> {
    fn absent(&self) -> bool {
        false
    }
}

impl Member for Str<'_> {
    fn absent(&self) -> bool {
        self.is_empty()
    }
}
